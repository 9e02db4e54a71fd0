/** Log lines: one per event, to stdout, with the time, so that the phases of a start can be measured from `kubectl logs`. */
export function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}
