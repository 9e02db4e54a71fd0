/**
 * Third-party code that only a person's machine needs. It is bundled into a file of its own (images/toolbox/bundle.mjs): the Kubernetes client
 * alone is a thousand files, which take 0.6 s to load one by one, and the program that runs in every container must stay small.
 */

export { Exec, KubeConfig, PortForward } from '@kubernetes/client-node';
export { default as confirm } from '@inquirer/confirm';
export { default as password } from '@inquirer/password';
export { default as Table } from 'cli-table3';
export { pack } from 'tar-stream';
export { default as spinner } from 'yocto-spinner';
