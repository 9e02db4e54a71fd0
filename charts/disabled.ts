import { when } from './render/expression';
import { not } from './render/functions';
import type { Process } from './tables/processes';

/** Tells the mux which processes are deliberately not deployed. */
export const withoutDisabled = (processes: readonly Process[]) =>
  processes.flatMap(({ name, enabled }) => (enabled ? [when<string>(not(enabled), `--without=${name}`)] : []));
