/** maas-run.md 1: the database. */

import { create, drop, role, sql, value } from './database';
import { timed } from './pod';
import { region } from './pods';
import { begin, configurationFor, endLiveRegion } from './region';

const fresh = 'being_migrated';
/** Schema and number of tables. MAAS's own are in public; how many Temporal has depends on its version. */
const tables = async (database: string): Promise<Record<string, number>> => {
  const rows = await sql(
    database,
    "SELECT table_schema, count(*) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema', 'maas_k8s') GROUP BY 1",
  );
  return Object.fromEntries(rows.map((row) => row.split('|')).map(([schema = '', count]) => [schema, Number(count)]));
};

/** Seconds that any `maas-region` command may take. */
const generous = 60;

/** A command of maas-region with a configuration of its own, so that several can run beside each other. */
const maasRegion = (configuration: string, ...command: string[]) =>
  timed(region.try('MAAS_REGION_CONFIG="$1" exec maas-region "${@:2}"', { args: [configuration, ...command], limit: generous }));

beforeAll(async () => {
  await endLiveRegion();
  await Promise.all([drop('migrated'), drop('of_somebody_else')]);
  await create(fresh);
  await begin(fresh);
});

test('1: the role is no superuser, and owns the database', async () => {
  expect(
    await value(fresh, `SELECT rolsuper, pg_get_userbyid(datdba) FROM pg_roles, pg_database WHERE rolname = '${role.name}' AND datname = '${fresh}'`),
  ).toBe(`f|${role.name}`);
});

test('1: dbupgrade makes the 105 tables of MAAS and those of Temporal in an empty database, with at most 2 connections at once', async () => {
  const upgrade = new AbortController();
  const counts: number[] = [];
  const watch = (async () => {
    while (!upgrade.signal.aborted) counts.push(Number(await value('postgres', `SELECT count(*) FROM pg_stat_activity WHERE datname = '${fresh}'`)));
  })();
  const { seconds, result } = await maasRegion('/etc/maas/regiond.conf', 'dbupgrade');
  upgrade.abort();
  await watch;
  const most = Math.max(...counts);
  expect(result).toMatchObject({ code: 0 });
  expect(seconds).toBeLessThan(generous);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(2);
  const { public: own, temporal, temporal_visibility: visibility, ...others } = await tables(fresh);
  expect([own, others]).toEqual([105, {}]);
  expect(temporal).toBeGreaterThan(0);
  expect(visibility).toBeGreaterThan(0);
});

test('1: it makes the schemas temporal and temporal_visibility, and the extensions pgcrypto and btree_gin there', async () => {
  expect(await sql(fresh, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'temporal%' ORDER BY 1")).toEqual(['temporal', 'temporal_visibility']);
  expect(
    await sql(
      fresh,
      "SELECT extname, nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname IN ('pgcrypto', 'btree_gin') ORDER BY 1",
    ),
  ).toEqual(['btree_gin|temporal_visibility', 'pgcrypto|public']);
});

describe('1: maas-region', () => {
  const conf = '/contract/commands.conf';
  const admin = ['createadmin', '--username', 'admin', '--password', 'secret', '--email', 'admin@example.com'];
  const key = ['apikey', '--username', 'admin'];
  const revision = (): Promise<string> => value('migrated', 'SELECT version_num FROM alembic_version');
  const keys = (): Promise<string[]> =>
    sql(
      'commands',
      `SELECT concat_ws(':', consumer.key, token.key, token.secret) FROM piston3_token token JOIN piston3_consumer consumer ON consumer.id = consumer_id
         JOIN auth_user ON auth_user.id = token.user_id WHERE username = 'admin' ORDER BY token.id`,
    );

  type Command = ReturnType<typeof maasRegion>;
  /** They have nothing to do with each other, and take their time. */
  let running: { readonly again: Command; readonly user: Command; readonly configuration: Command; readonly owner: Command; readonly admin: Command };
  let before: [string, Record<string, number>];
  let generated: Command;
  let first: string[];

  beforeAll(async () => {
    await sql('postgres', `ALTER DATABASE ${fresh} RENAME TO migrated`);
    before = [await revision(), await tables('migrated')];
    await create('commands', 'migrated');
    await sql('postgres', 'CREATE DATABASE of_somebody_else OWNER postgres');
    for (const [path, database] of [
      [conf, 'commands'],
      ['/contract/other.conf', 'of_somebody_else'],
      ['/contract/migrated.conf', 'migrated'],
    ] as const)
      await region.write(path, await configurationFor(database));
    running = {
      again: maasRegion('/contract/migrated.conf', 'dbupgrade'),
      user: timed(region.try(`MAAS_REGION_CONFIG=${conf} exec setpriv --reuid maas --clear-groups maas-region dbupgrade`)),
      configuration: maasRegion('/contract/none/regiond.conf', 'dbupgrade'),
      owner: maasRegion('/contract/other.conf', 'dbupgrade'),
      admin: maasRegion(conf, ...admin),
    };
  });

  test('dbupgrade again has nothing to do, and ends well', async () => {
    expect((await running.again).result).toMatchObject({ code: 0 });
    expect([await revision(), await tables('migrated')]).toEqual(before);
  });

  test('refuses without uid 0, without regiond.conf and as a role that does not own the database', async () => {
    const [user, configuration, owner] = (await Promise.all([running.user, running.configuration, running.owner])).map(({ result }) => result);
    expect(user!.code).not.toBe(0);
    expect(user!.stdout + user!.stderr).toMatch(/may only be run as root/);
    expect(configuration!.code).not.toBe(0);
    expect(owner!.code).not.toBe(0);
    expect(owner!.stdout + owner!.stderr).toMatch(/permission denied/);
  });

  test('createadmin makes an administrator once; again it fails with AlreadyExistingUser and changes nothing', async () => {
    expect((await running.admin).result).toMatchObject({ code: 0 });
    const users = "SELECT username, is_superuser FROM auth_user WHERE username = 'admin'";
    expect(await sql('commands', users)).toEqual(['admin|t']);
    first = await keys();
    generated = maasRegion(conf, ...key, '--generate');
    const { result } = await maasRegion(conf, ...admin);
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).toMatch(/AlreadyExistingUser/);
    expect(await sql('commands', users)).toEqual(['admin|t']);
  });

  // maasserver/models/user.py: create_user, get_auth_tokens.
  test('an administrator is born with a key; apikey makes another one of three parts, and prints all of them, the oldest first', async () => {
    const { result } = await generated;
    expect(result.stdout).toMatch(/^\w+:\w+:\w+\n$/);
    expect(first).toHaveLength(1);
    expect((await maasRegion(conf, ...key)).result).toMatchObject({ code: 0, stdout: `${first[0]!}\n${result.stdout}` });
  });

  test('refuses without the group maas', async () => {
    await region.sh("sed -i.kept '/^maas:/d' /etc/group");
    const { result } = await maasRegion(conf, 'dbupgrade').finally(() => region.sh('cat /etc/group.kept > /etc/group'));
    expect(result.code).not.toBe(0);
    expect(result.stdout + result.stderr).toMatch(/No such group: maas/);
  });
});
