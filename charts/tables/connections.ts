/** Connections to PostgreSQL. */

import type { Expr } from '../render/expression';
import { length, product, sum } from '../render/functions';
import { values } from './values';

/**
 * One region was measured to hold 36, 39, 47 connections with 1, 2, 4 workers, and up to 13 more while busy (maas-run.md 1);
 * the Jobs and administrators need a few more.
 */
export const neededConnections: Expr<number> = sum(product(sum(44, product(4, values.region.workers)), length(values.region.members)), 20);
