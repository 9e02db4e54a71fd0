/** The next version of MAAS: its region alone, for the upgrade. */

export const next = { version: '1:3.8.0-17800-g.0123456789-0ubuntu1~24.04.1', alembicHead: '0027' };

export const nextTag = (tag: string): string => `${tag}-next`;
