/** Cures of several faults. */

export const liveness = 'charts/container.ts: for liveness only Pebble is asked, never what a process can do';
export const itself = 'MAAS itself, and nothing of ours: no container may be restarted meanwhile';
export const restarts = "cli/config/layer.ts: 'on-success' and 'on-failure' restart, and cli/mux/keeper.ts: #raise; cli/wait/orphans.ts";
export const hang = 'cli/mux/keeper.ts: #watchAnswers';
export const identity = 'charts: a fixed host name for a member and for a rack, Recreate, init containers that lay a pod out';
export const moved = 'cli/mux/keeper.ts, relays in charts/tables/processes.ts: agents learn where a region is that has moved';
