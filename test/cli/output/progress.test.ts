import { lines } from '../../../cli/output/progress';

let written: string[];
let time: number;
const log = () => lines({ write: (line: string) => written.push(line.trimEnd()) > 0 }, () => time);

beforeEach(() => {
  written = [];
  time = 0;
});

test('each text of a step once, whatever seconds are in it and however they take turns', () => {
  const said = log();
  for (const text of ['a (runs for 1.5 s)', 'a (runs for 2.5 s)', 'ErrImagePull', 'ImagePullBackOff', 'ErrImagePull', 'ImagePullBackOff', 'a (runs for 9 s)']) {
    time += 1000;
    said.step(text);
  }
  expect(written).toEqual(['a (runs for 1.5 s)', 'ErrImagePull', 'ImagePullBackOff']);
});

test('after half a minute without anything new it says what it is still at', () => {
  const said = log();
  for (time = 0; time < 70_000; time += 1000) said.step(`wait (for ${String(time / 1000)} s)`);
  expect(written).toEqual(['wait (for 0 s)', 'wait (for 30 s)', 'wait (for 60 s)']);
});

test('the next step begins anew, and the end of each says how long it took', () => {
  const said = log();
  said.step('wait');
  time = 2500;
  said.done('there');
  said.step('wait');
  said.done('there, too');
  said.note('by the way');
  expect(written).toEqual(['wait', 'there (2.5 s)', 'wait', 'there, too (0.0 s)', 'by the way']);
});
