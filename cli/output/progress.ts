/** What a verb is doing: a spinner on a terminal, a line per change elsewhere. */

import { libraries } from '../kubernetes/access';
import { printSeconds } from '../time';
import { colours, isTerminal } from './terminal';

export interface Progress {
  /** What is being done now, and what it waits for. */
  step(text: string): void;
  /** The step is done; its line stays. */
  done(text: string): void;
  /** Something that should be known, whatever the step. */
  note(text: string): void;
  /** Takes the spinner away, whatever has happened. */
  end(): void;
}

export async function progress(stream: NodeJS.WriteStream = process.stderr): Promise<Progress> {
  const colour = colours(stream);
  if (!isTerminal(stream) || process.env['CI']) return lines(stream);
  const { spinner } = await libraries();
  // Ctrl-C is the verb's own affair.
  const turning = spinner({ stream, handleSignals: false });
  let started = Date.now();
  let running = false;
  return {
    step: (text) => {
      if (!running) {
        started = Date.now();
        turning.start(text);
        running = true;
      } else turning.text = text;
    },
    done: (text) => {
      const line = `${text} ${colour.dim(printSeconds(Date.now() - started))}`;
      if (running) turning.success(line);
      else stream.write(`${colour.green('✔')} ${text}\n`);
      running = false;
    },
    note: (text) => {
      const resume = running ? turning.text : undefined;
      if (running) turning.stop();
      stream.write(`${text}\n`);
      if (resume !== undefined) turning.start(resume);
    },
    end: () => {
      if (running) turning.stop();
      running = false;
    },
  };
}

/** Milliseconds after which a log says again what is being waited for. */
const silence = 30_000;

/**
 * A log does not turn: each text of a step once, whatever seconds are in it, and again after half a minute in which there was nothing new;
 * when the step is done the seconds that it took.
 */
export function lines(stream: Pick<NodeJS.WriteStream, 'write'>, now: () => number = Date.now): Progress {
  const said = new Set<string>();
  let last = 0;
  let started: number | undefined;
  const write = (line: string): void => {
    stream.write(`${line}\n`);
    last = now();
  };
  return {
    step: (text) => {
      started ??= now();
      const gist = text.replace(/\d+(\.\d+)? s\b/g, '');
      if (said.has(gist) && now() - last < silence) return;
      said.add(gist);
      write(text);
    },
    done: (text) => {
      write(started === undefined ? text : `${text} (${printSeconds(now() - started)})`);
      started = undefined;
      said.clear();
    },
    note: write,
    end: () => undefined,
  };
}
