import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { rackAccount } from './accounts';
import { given, text, when } from './render/expression';
import { Manifest } from './render/manifest';
import { values } from './tables/values';

/**
 * The namespace, and the rule that only racks use the host's network in it.
 *
 * Pod Security has one level per namespace; racks need the host's network and so the level "privileged". What that level
 * lets through for all other pods is taken back by the admission policy.
 */
export class Namespace extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const level = when(given(values.rack.pools), 'privileged', 'baseline');
    new Manifest(this, 'namespace', 'v1/Namespace', {
      metadata: {
        name: values.namespace,
        labels: {
          'app.kubernetes.io/part-of': 'maas',
          'pod-security.kubernetes.io/enforce': level,
          'pod-security.kubernetes.io/warn': level,
        },
      },
    });

    const name = text`${values.namespace}-host-network`;
    new Manifest(this, 'policy', 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy', {
      metadata: { name, labels: { 'app.kubernetes.io/part-of': 'maas' } },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }] },
        validations: [
          {
            expression: `object.spec.?serviceAccountName.orValue('') == '${rackAccount}' || !(object.spec.?hostNetwork.orValue(false) || object.spec.?hostPID.orValue(false) || object.spec.?hostIPC.orValue(false))`,
            message: `only pods of the service account ${rackAccount} may use the host's namespaces here`,
          },
          {
            expression: 'object.spec.containers.all(c, !c.?securityContext.?privileged.orValue(false))',
            message: 'nothing here needs a privileged container',
          },
        ],
      },
    });
    new Manifest(this, 'policy-binding', 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding', {
      metadata: { name, labels: { 'app.kubernetes.io/part-of': 'maas' } },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': values.namespace } } },
      },
    });
  }
}
