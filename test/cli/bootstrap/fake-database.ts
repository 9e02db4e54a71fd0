/** Just so much of PostgreSQL as bootstrap asks for. A query that is not known here is a mistake. */

interface Result {
  readonly rows: object[];
  readonly rowCount: number;
}

const answer = (rows: object[]): Result => ({ rows, rowCount: rows.length });

export class FakeDatabase {
  password = 'right';
  owner = 'maas';
  locked = false;
  /** Nobody listens. */
  away = false;
  migrated = false;
  /** It has another name than when it was migrated. */
  renamed = false;
  seed: string | undefined;
  version: string | undefined;
  migrating: string | undefined;
  users: string[] = [];
  keys: string[] = [];
  /** Whether a client holds the lock. */
  held = false;
  /** A query that is to fail: the program is ended there, in effect. */
  breakAt: RegExp | undefined;
  readonly writes: string[] = [];

  connect(password: string): object {
    if (this.away) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    if (password !== this.password) throw Object.assign(new Error('password authentication failed for user "maas"'), { code: '28P01' });
    let own = false;
    return {
      query: (sql: string, values: string[] = []) => {
        if (this.breakAt?.test(sql)) return Promise.reject(new Error('Connection terminated unexpectedly'));
        if (sql.includes('pg_try_advisory_lock')) {
          own ||= !this.locked && !this.held;
          this.held ||= own;
          return Promise.resolve(answer([{ locked: own }]));
        }
        return Promise.resolve(this.#query(sql, values));
      },
      end: () => {
        if (own) this.held = false;
        return Promise.resolve();
      },
    };
  }

  #query(sql: string, values: string[]): Result {
    if (/^\s*(INSERT|CREATE)/.test(sql)) this.writes.push(sql.trim().split(/\s+/).slice(0, 3).join(' '));
    if (sql.includes('pg_has_role')) return answer([{ owns: this.owner === 'maas', owner: this.owner, user: 'maas', name: 'maasdb' }]);
    if (sql.includes('to_regclass')) return answer([{ found: this.migrated }]);
    if (sql.includes('.schema_version')) return answer(this.renamed ? [] : [{}]);
    if (sql.startsWith('SELECT value FROM maasserver_secret')) return answer(this.seed === undefined ? [] : [{ value: { secret: this.seed } }]);
    if (sql.startsWith('UPDATE maasserver_secret')) {
      if (this.seed !== values[1]) return answer([]);
      this.seed = values[2];
      return answer([{}]);
    }
    if (sql.includes('INSERT INTO maasserver_secret')) {
      if (!this.migrated) throw new Error('relation "maasserver_secret" does not exist');
      if (this.seed !== undefined) return answer([]);
      this.seed = values[1];
      return answer([{}]);
    }
    if (sql.startsWith('SELECT maas_version')) {
      if (this.version === undefined) throw Object.assign(new Error('relation "maas_k8s.bootstrap" does not exist'), { code: '42P01' });
      return answer([{ maas_version: this.version, migrating: this.migrating ?? null }]);
    }
    if (sql.includes('CREATE SCHEMA')) return answer([]);
    if (sql.includes('INSERT INTO maas_k8s.bootstrap')) {
      this.version = values[0];
      this.migrating = undefined;
      return answer([{}]);
    }
    if (sql.startsWith('UPDATE maas_k8s.bootstrap SET migrating')) {
      this.migrating = values[0];
      return answer([{}]);
    }
    if (sql.includes('FROM auth_user')) return answer(this.users.includes(values[0] ?? '') ? [{}] : []);
    if (sql.includes('FROM piston3_token')) return answer(this.keys.map((key) => ({ key })));
    throw new Error(`unknown query: ${sql}`);
  }
}
