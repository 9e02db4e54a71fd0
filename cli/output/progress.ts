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

/** A log does not turn: each text once, and when it is done the seconds that it took. */
export function lines(stream: Pick<NodeJS.WriteStream, 'write'>): Progress {
  let said = '';
  let started: number | undefined;
  const write = (line: string): void => {
    if (line !== said) stream.write(`${line}\n`);
    said = line;
  };
  return {
    step: (text) => {
      started ??= Date.now();
      write(text);
    },
    done: (text) => {
      write(started === undefined ? text : `${text} (${printSeconds(Date.now() - started)})`);
      started = undefined;
    },
    note: write,
    end: () => undefined,
  };
}
