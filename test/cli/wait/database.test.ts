import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseProblem } from '../../../cli/wait/database';
import { folder } from '../folder';

test('the database is the one that regiond.conf names, all of it', async () => {
  const path = join(folder(), 'regiond.conf');
  process.env['MAAS_REGION_CONFIG'] = path;
  try {
    writeFileSync(path, 'maas_url: http://one:5240/MAAS\ndatabase_host: db\ndatabase_user: maas\n');
    expect(await databaseProblem()).toBe(`${path}: does not say database_port, database_name; maas-k8s config writes all of it`);
  } finally {
    delete process.env['MAAS_REGION_CONFIG'];
  }
});
