/** `maas-k8s bootstrap`: reads before it writes, never changes what it did not make, may be ended at any point and run again. */

import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';

import { regiondConf } from '../../charts/tables/processes';
import { writeAtomically } from '../atomic';
import { installedVersion, isNewer } from '../debian';
import type { Environment } from '../environment';
import { codeOf, Failure } from '../failure';
import { Kubernetes, ownLabels, partOfMaas, type Secret } from '../kubernetes/kubernetes';
import { inCluster, type Transport } from '../kubernetes/transport';
import { log } from '../log';
import { connect } from '../postgres/client';
import { readLedger, recordMigration, recordVersion } from '../postgres/ledger';
import { databaseConnectionProblem, hasAnswered, wrongPassword } from '../postgres/problem';
import { finish, nextOf } from '../rotate/seed';
import { persist, type Attempt } from '../time';
import { printYaml } from '../yaml';
import { apiKeys, ownershipProblem, readSeed, seed, temporalFindsSchema, tryLock, userExists } from './database';
import { checkRegionSecret, decideMigration, decideSeed, otherRegions } from './decisions';
import { holderOf, keptPassword, lostPassword } from './lost-password';
import { maasRegion } from './maas-region';
import { readSettings, type Settings } from './settings';

/** Milliseconds for one administrative command; dbupgrade of a big database takes its time. */
const commandTime = { dbupgrade: 3_600_000, other: 120_000 };

export async function bootstrap(environment: Environment, { timeout }: { readonly timeout: number }, transport?: Transport): Promise<void> {
  const settings = readSettings(environment);
  const run = new Bootstrap(settings, new Kubernetes(transport ?? inCluster(), settings.namespace), Date.now(), timeout);
  await run.all();
}

class Bootstrap {
  /** Why there is no Secret of the database's password, and none is made. */
  #lost: string | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly kubernetes: Kubernetes,
    private readonly started: number,
    private readonly timeout: number,
  ) {}

  async all(): Promise<void> {
    const { secrets } = this.settings;
    const found = await this.kubernetes.secret(secrets.region);
    let given = found && checkRegionSecret(secrets.region, found.data);
    if (given !== undefined) log(`region secret: found in the Secret ${secrets.region}`);

    await this.#databaseSecret();
    const { client, password } = await this.#database();
    try {
      await this.#lock(client);
      // A rotation that was ended between the database and the Secret.
      const next = found && nextOf(secrets.region, found);
      if (next !== undefined && next === (await readSeed(client))) {
        await finish(this.kubernetes, secrets.region, found!);
        given = next;
      }
      const installed = installedVersion();
      const ledger = await readLedger(client);
      const migrate = decideMigration(ledger, installed, isNewer, await temporalFindsSchema(client));
      const secret = await this.#regionSecret(client, given);

      this.#regiondConf(password);
      if (migrate) await this.#migrate(client, ledger?.version, installed);
      else log(`database: already at MAAS ${installed}`);
      log((await seed(client, secrets.region, secret)) ? 'region secret: seeded into the database' : 'region secret: already in the database');
      if (migrate) await recordVersion(client, installed);

      const username = await this.#administrator(client);
      await this.#apiKey(client, username);
      log('bootstrap: done');
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Of the embedded database: it takes its password at its first start, and keeps that one. */
  async #databaseSecret(): Promise<void> {
    const { secrets, database, embedded } = this.settings;
    if (!embedded) return; // Waited for together with the database.
    if ((await this.kubernetes.secret(secrets.database)) !== undefined) return;
    const holder = holderOf(await this.kubernetes.list('pods', partOfMaas), secrets.database);
    if (holder !== undefined || (await this.#databaseAnswers())) {
      this.#lost = lostPassword(this.settings, holder);
      return;
    }
    const { made } = await this.kubernetes.createSecret(secrets.database, { username: database.user, password: randomBytes(24).toString('base64url') });
    log(`database password: ${made ? 'made up' : 'found'}, in the Secret ${secrets.database}`);
  }

  /** Whether there is a PostgreSQL already. One that has never started waits for the Secret. */
  async #databaseAnswers(): Promise<boolean> {
    try {
      await (await connect(this.settings.database, randomBytes(8).toString('hex'), 'maas-k8s bootstrap')).end();
      return true;
    } catch (error) {
      return hasAnswered(error);
    }
  }

  /** @returns a connection, and the password that opened it */
  #database(): Promise<{ readonly client: Client; readonly password: string }> {
    const { secrets, database, embedded } = this.settings;
    const attempt = async (): Promise<Attempt<{ client: Client; password: string }>> => {
      const secret = await this.kubernetes.secret(secrets.database);
      if (secret === undefined)
        return {
          reason: this.#lost ?? `there is no Secret ${secrets.database} yet; it must hold the password of role ${database.user} under the key "password"`,
        };
      const password = secret.data['password'];
      if (!password) return { reason: `the Secret ${secrets.database} has no key "password" (it has ${Object.keys(secret.data).join(', ') || 'none'})` };
      let client: Client;
      try {
        client = await connect(database, password, 'maas-k8s bootstrap');
      } catch (error) {
        const problem = databaseConnectionProblem(error, database, `Secret ${secrets.database}, key password,`);
        return { reason: embedded && codeOf(error) === wrongPassword ? `${problem}; ${keptPassword(this.settings)}` : problem };
      }
      const problem = await ownershipProblem(client);
      if (problem === undefined) return { value: { client, password } };
      await client.end();
      return { reason: problem };
    };
    return persist(attempt, { what: `the database ${database.name}`, timeout: this.timeout, started: this.started, log });
  }

  #lock(client: Client): Promise<true> {
    const attempt = async (): Promise<Attempt<true>> => ((await tryLock(client)) ? { value: true } : { reason: 'another bootstrap is at work' });
    return persist(attempt, { what: 'the database to ourselves', timeout: this.timeout, started: this.started, log });
  }

  /** @returns the secret, which is in the cluster now */
  async #regionSecret(client: Client, given: string | undefined): Promise<string> {
    const name = this.settings.secrets.region;
    const decision = decideSeed(name, given, await readSeed(client));
    if (decision.kind === 'keep' || decision.kind === 'seed') return decision.secret;
    const secret = decision.kind === 'adopt' ? decision.secret : randomBytes(16).toString('hex');
    const { made, secret: stored } = await this.kubernetes.createSecret(name, { secret });
    if (made) {
      log(`region secret: ${decision.kind === 'adopt' ? 'taken over from the database' : 'made up'}, into the Secret ${name}`);
      return secret;
    }
    const theirs = checkRegionSecret(name, stored.data);
    decideSeed(name, theirs, await readSeed(client));
    log(`region secret: somebody made the Secret ${name} meanwhile`);
    return theirs;
  }

  /** For maas-region. */
  #regiondConf(password: string): void {
    const { database, maasUrl } = this.settings;
    const content = {
      maas_url: maasUrl,
      database_host: database.host,
      database_port: database.port,
      database_name: database.name,
      database_user: database.user,
      database_pass: password,
    };
    writeAtomically(process.env['MAAS_REGION_CONFIG'] || regiondConf, printYaml(content), 0o640);
  }

  /** Regions of another version must not see the schema change: none starts any more, and those that run are waited for. */
  async #quiesce(client: Client, installed: string): Promise<void> {
    await recordMigration(client, installed);
    const attempt = async (): Promise<Attempt<true>> => {
      const others = otherRegions(await this.kubernetes.list('pods', partOfMaas), this.settings.pod, this.settings.image);
      return others.length === 0 ? { value: true } : { reason: `still there: ${others.join(', ')}` };
    };
    await persist(attempt, { what: 'the regions of another version to end', timeout: this.timeout, started: this.started, log });
  }

  async #migrate(client: Client, recorded: string | undefined, installed: string): Promise<void> {
    if (recorded !== undefined) await this.#quiesce(client, installed);
    log(`database: migrating ${recorded === undefined ? '' : `from MAAS ${recorded} `}to MAAS ${installed}`);
    const { code, output } = await maasRegion(['dbupgrade'], {
      timeout: commandTime.dbupgrade,
      tell: (line) => {
        log(`dbupgrade: ${line}`);
      },
    });
    if (code !== 0) throw new Failure(`maas-region dbupgrade failed (exit code ${String(code)}): ${output.at(-1) ?? 'it said nothing'}`);
    log(`database: now at MAAS ${installed}`);
  }

  /** @returns the user name of the administrator */
  async #administrator(client: Client): Promise<string> {
    const { secrets, admin } = this.settings;
    const data = (await this.#adminSecret(client))?.data;
    if (data === undefined) {
      // Any password that were put there now would be a wrong one.
      log(`administrator: ${admin.username} already exists; its password is not known here, so there is no Secret ${secrets.admin}`);
      return admin.username;
    }
    const username = data['username'] || admin.username;
    const password = data['password'];
    if (await userExists(client, username)) {
      log(`administrator: ${username} already exists`);
      return username;
    }
    if (!password) throw new Failure(`the Secret ${secrets.admin} has no key "password" (it has ${Object.keys(data).join(', ') || 'none'})`);
    // maasserver/management/commands/createadmin.py asks for the password twice; an empty --ssh-import keeps it from asking for keys.
    const argv = ['createadmin', `--username=${username}`, `--email=${data['email'] || admin.email}`, '--ssh-import='];
    const { code, output } = await maasRegion(argv, { input: `${password}\n${password}\n`, timeout: commandTime.other });
    if (await userExists(client, username)) log(`administrator: ${username} made, password in the Secret ${secrets.admin}`);
    else throw new Failure(`maas-region createadmin failed (exit code ${String(code)}): ${lastLine(output, password)}`);
    return username;
  }

  /** @returns undefined when there is none and it is too late to make one */
  async #adminSecret(client: Client): Promise<Secret | undefined> {
    const { secrets, admin } = this.settings;
    const found = await this.kubernetes.secret(secrets.admin);
    if (found !== undefined) return found;
    if (await userExists(client, admin.username)) return undefined;
    const { made, secret } = await this.kubernetes.createSecret(secrets.admin, { ...admin, password: randomBytes(18).toString('base64url') });
    log(`administrator: password ${made ? 'made up' : 'found'}, in the Secret ${secrets.admin}`);
    return secret;
  }

  async #apiKey(client: Client, username: string): Promise<void> {
    const name = this.settings.secrets.apiKey;
    const found = await this.kubernetes.secret(name);
    const known = await apiKeys(client, username);
    if (found?.data['key'] !== undefined && known.includes(found.data['key'])) {
      log(`API key: already in the Secret ${name}`);
      return;
    }
    if (found !== undefined && found.labels['app.kubernetes.io/managed-by'] !== ownLabels['app.kubernetes.io/managed-by']) {
      throw new Failure(
        `the Secret ${name} holds no API key of ${username} that MAAS knows, and was not made by bootstrap; delete it, or put a key of ${username} under "key"`,
      );
    }
    // MAAS makes a first key with each user (maasserver/models/user.py: create_user).
    const key = known[0] ?? (await this.#generateKey(username));
    if (found === undefined) await this.kubernetes.createSecret(name, { key });
    else await this.kubernetes.changeSecret(name, { key }, found);
    log(`API key: of ${username}, into the Secret ${name}`);
  }

  async #generateKey(username: string): Promise<string> {
    const { code, output } = await maasRegion(['apikey', `--username=${username}`, '--generate'], { timeout: commandTime.other });
    const key = output.map((line) => line.trim()).find((line) => /^\w+:\w+:\w+$/.test(line));
    if (code !== 0 || key === undefined) throw new Failure(`maas-region apikey failed (exit code ${String(code)})`);
    return key;
  }
}

/** The last line of a program's output, without a secret that it may repeat. */
const lastLine = (output: readonly string[], secret: string): string =>
  (output.findLast((line) => line.trim() !== '') ?? 'it said nothing').replaceAll(secret, '…');
