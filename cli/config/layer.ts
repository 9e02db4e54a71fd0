import { printFact } from '../../charts/tables/facts';
import type { Process } from '../../charts/tables/processes';
import { printPreparation } from '../wait/prepare';
import { reportPath } from '../wait/report';
import { quoteCommand } from './quote';

/** The Pebble layer of a container: one service, with the gate in front of its command. */
export function layer(process: Process, environment: Readonly<Record<string, string>> = {}): object {
  const gate = ['maas-k8s', 'wait', '--report', reportPath(process.name), ...process.prepare.flatMap(printPreparation), ...process.waitsFor.map(printFact)];
  return {
    summary: `MAAS ${process.pod}: ${process.name}`,
    services: {
      [process.service]: {
        override: 'replace',
        summary: process.name,
        startup: process.startedBy === 'pebble' ? 'enabled' : 'disabled',
        command: quoteCommand([...gate, '--', ...process.command]),
        environment: { ...process.environment, ...environment },
        'on-success': 'restart',
        'on-failure': 'restart',
        'backoff-delay': '500ms',
        'backoff-limit': '10s',
        'kill-delay': `${String(process.stopSeconds)}s`,
      },
    },
  };
}
