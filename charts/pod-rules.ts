/**
 * What a pod in the namespace may be, in CEL: the level *baseline* of Pod Security (k8s.io/pod-security-admission), and beyond it only what
 * the racks' account needs.
 */

import { rackAccount } from './accounts';
import type { Expr } from './render/expression';
import { hostPaths, text } from './render/functions';
import { processesOf } from './tables/processes';
import { values } from './tables/values';

interface PodRule {
  readonly expression: string | Expr<string>;
  readonly message: string | Expr<string>;
}

/** check_capabilities_baseline.go */
const baselineCapabilities = 'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' ');
const rackCapabilities = [...new Set(processesOf('rack').flatMap(({ capabilities }) => capabilities))].sort();

/** check_seLinuxOptions.go */
const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

/** check_sysctls.go */
const sysctls = [
  'kernel.shm_rmid_forced',
  ...['ip_local_port_range', 'ip_local_reserved_ports', 'ip_unprivileged_port_start', 'ping_group_range'].map((name) => `net.ipv4.${name}`),
  ...['fin_timeout', 'keepalive_intvl', 'keepalive_probes', 'keepalive_time', 'rmem', 'syncookies', 'wmem'].map((name) => `net.ipv4.tcp_${name}`),
];

const list = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`;

/** They have one name each, and are looked at once. The kinds of containers differ in type, hence dyn. */
export const podVariables = [
  { name: 'rack', expression: text`object.spec.?serviceAccountName.orValue('') == '${rackAccount}'` },
  {
    name: 'containers',
    expression: 'dyn(object.spec.containers) + dyn(object.spec.?initContainers.orValue([])) + dyn(object.spec.?ephemeralContainers.orValue([]))',
  },
  // Of the pod and of its containers.
  {
    name: 'contexts',
    expression:
      '(has(object.spec.securityContext) ? [dyn(object.spec.securityContext)] : []) + variables.containers.filter(c, has(c.securityContext)).map(c, c.securityContext)',
  },
];

export const podRules: readonly PodRule[] = [
  {
    expression: 'variables.rack || !object.spec.?hostNetwork.orValue(false)',
    message: text`only pods of the service account ${rackAccount} may use the host's network here`,
  },
  {
    expression: '!object.spec.?hostPID.orValue(false) && !object.spec.?hostIPC.orValue(false)',
    message: "nothing here needs the host's processes or their memory (hostPID, hostIPC)",
  },
  {
    expression: 'variables.containers.all(c, !c.?securityContext.?privileged.orValue(false))',
    message: 'nothing here needs a privileged container',
  },
  {
    expression: `variables.containers.all(c, c.?securityContext.?capabilities.?add.orValue([]).all(name, name in (variables.rack ? ${list(rackCapabilities)} : ${list(baselineCapabilities)})))`,
    message: text`of capabilities, pods of the service account ${rackAccount} may add ${rackCapabilities.join(', ')} here, and others ${baselineCapabilities.join(', ')}`,
  },
  {
    expression: text`object.spec.?volumes.orValue([]).all(v, !has(v.hostPath) || (variables.rack && (v.hostPath.path.startsWith('${values.rack.leasesPath}/') || v.hostPath.path in [${hostPaths(values.rack.extraVolumes)}])))`,
    message: text`of the node's files, only pods of the service account ${rackAccount} may have any here (hostPath): their leases, and what rack.extraVolumes names`,
  },
  {
    expression: 'variables.rack || variables.containers.all(c, c.?ports.orValue([]).all(port, port.?hostPort.orValue(0) == 0))',
    message: text`only pods of the service account ${rackAccount} may have ports of the node here (hostPort)`,
  },
  {
    expression: [
      "variables.contexts.all(context, context.?seccompProfile.?type.orValue('') != 'Unconfined' && context.?appArmorProfile.?type.orValue('') != 'Unconfined')",
      "object.metadata.?annotations.orValue({}).all(key, !key.startsWith('container.apparmor.security.beta.kubernetes.io/') || object.metadata.annotations[key] != 'unconfined')",
    ].join(' && '),
    message: 'nothing here may leave its seccomp or AppArmor profile (Unconfined)',
  },
  {
    expression: `variables.contexts.all(context, context.?seLinuxOptions.?type.orValue('') in ${list(seLinuxTypes)} && context.?seLinuxOptions.?user.orValue('') == '' && context.?seLinuxOptions.?role.orValue('') == '')`,
    message: 'nothing here needs SELinux options but the types of containers',
  },
  {
    expression: "variables.contexts.all(context, context.?procMount.orValue('Default') == 'Default' && !context.?windowsOptions.?hostProcess.orValue(false))",
    message: 'nothing here needs an unmasked /proc (procMount) or a process of the host (hostProcess)',
  },
  {
    expression: `object.spec.?securityContext.?sysctls.orValue([]).all(sysctl, sysctl.name in ${list(sysctls)})`,
    message: 'nothing here needs settings of the kernel (sysctls) that reach beyond the pod',
  },
];
