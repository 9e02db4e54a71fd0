/**
 * The words that Kubernetes 1.34 allows where a field takes one of a few, by model and field.
 * The Kubernetes client's models do not have them. They are those of the package kubernetes-models 5.1.0, which itself wants Node 22.
 */

const protocol = ['SCTP', 'TCP', 'UDP'];
const pull = ['Always', 'IfNotPresent', 'Never'];
const honour = ['Honor', 'Ignore'];
const failure = ['Fail', 'Ignore'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scope = ['*', 'Cluster', 'Namespaced'];
const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeMode = ['Block', 'Filesystem'];
const confinement = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const selection = ['DoesNotExist', 'Exists', 'In', 'NotIn'];

export const enums: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  V1AppArmorProfile: { type: confinement },
  V1Container: { imagePullPolicy: pull, restartPolicy: ['Always', 'Never', 'OnFailure'], terminationMessagePolicy: ['FallbackToLogsOnError', 'File'] },
  V1ContainerPort: { protocol },
  V1CronJobSpec: { concurrencyPolicy: ['Allow', 'Forbid', 'Replace'] },
  V1DaemonSetUpdateStrategy: { type: ['OnDelete', 'RollingUpdate'] },
  V1DeploymentStrategy: { type: ['Recreate', 'RollingUpdate'] },
  V1HTTPGetAction: { scheme: ['HTTP', 'HTTPS'] },
  V1HTTPIngressPath: { pathType: ['Exact', 'ImplementationSpecific', 'Prefix'] },
  V1HostPathVolumeSource: { type: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'] },
  V1ImageVolumeSource: { pullPolicy: pull },
  V1JobSpec: { completionMode: ['Indexed', 'NonIndexed'], podReplacementPolicy: ['Failed', 'TerminatingOrFailed'] },
  V1LabelSelectorRequirement: { operator: selection },
  V1MatchResources: { matchPolicy: ['Equivalent', 'Exact'] },
  V1NamedRuleWithOperations: { operations, scope },
  V1NetworkPolicyPort: { protocol },
  V1NetworkPolicySpec: { policyTypes: ['Egress', 'Ingress'] },
  V1NodeSelectorRequirement: { operator: [...selection, 'Gt', 'Lt'] },
  V1PersistentVolumeClaimSpec: { accessModes, volumeMode },
  V1PersistentVolumeSpec: { accessModes, persistentVolumeReclaimPolicy: ['Delete', 'Recycle', 'Retain'], volumeMode },
  V1PodDisruptionBudgetSpec: { unhealthyPodEvictionPolicy: ['AlwaysAllow', 'IfHealthyBudget'] },
  V1PodFailurePolicyOnExitCodesRequirement: { operator: ['In', 'NotIn'] },
  V1PodFailurePolicyRule: { action: ['Count', 'FailIndex', 'FailJob', 'Ignore'] },
  V1PodSecurityContext: { fsGroupChangePolicy: ['Always', 'OnRootMismatch'], supplementalGroupsPolicy: ['Merge', 'Strict'] },
  V1PodSpec: {
    dnsPolicy: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
    preemptionPolicy: ['Never', 'PreemptLowerPriority'],
    restartPolicy: ['Always', 'Never', 'OnFailure'],
  },
  V1PriorityClass: { preemptionPolicy: ['Never', 'PreemptLowerPriority'] },
  V1RuleWithOperations: { operations, scope },
  V1SeccompProfile: { type: confinement },
  V1SecurityContext: { procMount: ['Default', 'Unmasked'] },
  V1ServicePort: { protocol },
  V1ServiceSpec: {
    externalTrafficPolicy: ['Cluster', 'Local'],
    internalTrafficPolicy: ['Cluster', 'Local'],
    ipFamilyPolicy: ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
    sessionAffinity: ['ClientIP', 'None'],
    type: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  },
  V1StatefulSetSpec: { podManagementPolicy: ['OrderedReady', 'Parallel'] },
  V1StatefulSetUpdateStrategy: { type: ['OnDelete', 'RollingUpdate'] },
  V1StorageClass: { reclaimPolicy: ['Delete', 'Recycle', 'Retain'], volumeBindingMode: ['Immediate', 'WaitForFirstConsumer'] },
  V1Toleration: { effect: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'], operator: ['Equal', 'Exists'] },
  V1TopologySpreadConstraint: { nodeAffinityPolicy: honour, nodeTaintsPolicy: honour, whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'] },
  V1ValidatingAdmissionPolicyBindingSpec: { validationActions: ['Audit', 'Deny', 'Warn'] },
  V1ValidatingAdmissionPolicySpec: { failurePolicy: failure },
  V1ValidatingWebhook: { failurePolicy: failure, matchPolicy: ['Equivalent', 'Exact'], sideEffects: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] },
  V1VolumeMount: { mountPropagation: ['Bidirectional', 'HostToContainer', 'None'] },
};
