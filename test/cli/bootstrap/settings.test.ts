import { settingsIn } from '../../../cli/cluster/installed';
import type { CronJob } from '../../../cli/kubernetes/types';
import { plainObjects } from '../../dist/synth';
import { corpus } from '../../values/corpus';

test.each([...corpus])('bootstrap takes what the charts tell it: %s', (_name, values) => {
  const job = plainObjects(values).find(({ kind }) => kind === 'CronJob') as CronJob;
  const { secrets } = values as { readonly secrets?: object };
  expect(settingsIn(job)).toMatchObject({ embedded: expect.any(Boolean) as boolean, ...(secrets && { secrets }) });
});
