/** maas-run.md 2: the shared secret. */

import { sql } from './database';
import { region } from './pods';
import type { Running } from './process';
import { begin, endLiveRegion, migrated, secret, seed, seeded, setUpDns, startProcess, state } from './region';

const file = `${state}/secret`;
let regiond: Running;

/** Without a newline, as it is. */
const bytes = async (): Promise<string> => Buffer.from(await region.sh('base64 -w0 "$1"', { args: [file] }), 'base64').toString('latin1');

async function startRegiond(): Promise<void> {
  regiond = await startProcess('regiond');
  await region.appear([file], 60);
}

beforeAll(endLiveRegion);

describe('2: seeded between dbupgrade and the first regiond', () => {
  beforeAll(async () => {
    await migrated('seeded');
    await seed('seeded', secret);
    await begin('seeded');
    await setUpDns();
    await startRegiond();
  });

  test('the table is maasserver_secret(created, updated, path, value jsonb)', async () => {
    const columns = await sql('seeded', "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'maasserver_secret' ORDER BY 1");
    expect(columns).toEqual(['created|timestamp with time zone', 'path|text', 'updated|timestamp with time zone', 'value|jsonb']);
  });

  test('regiond writes exactly that: 32 bytes, 0640, no newline', async () => {
    expect(await bytes()).toBe(secret);
    expect((await region.stat(file)).get(file)).toMatchObject({ mode: '0640', size: 32 });
    expect(await seeded('seeded')).toBe(secret);
  });

  test('the row changed and regiond restarted: the file follows', async () => {
    const other = 'fedcba9876543210fedcba9876543210';
    await regiond.kill('TERM', 15);
    await seed('seeded', other);
    expect(await bytes()).toBe(secret);
    regiond = await startProcess('regiond');
    await region.sh('until [ "$(cat "$1")" = "$2" ]; do sleep 0.2; done', { args: [file, other], limit: 60 });
  });
});

describe('2: not seeded', () => {
  beforeAll(async () => {
    await migrated('unseeded');
    await begin('unseeded');
  });

  // What regiond does then is looked at where it starts for the first time (3-region-alone).
  test('seeding through maas-region shell does not work', async () => {
    const program = `from maasserver.secrets import SecretManager; SecretManager().set_simple_secret('rpc-shared', '${secret}')`;
    await region.try('maas-region shell', { input: program, limit: 60 });
    expect(await seeded('unseeded')).toBe('');
  });
});
