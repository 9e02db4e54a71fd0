import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { annotations, kept } from './labels';
import { podRules, podVariables } from './pod-rules';
import { merged, release, when } from './render/expression';
import { given, text } from './render/functions';
import { Manifest } from './render/manifest';
import { values } from './tables/values';

const own = { 'app.kubernetes.io/part-of': 'maas' };

/** Pod Security level that the namespace needs: racks use the host's network. */
export const podSecurityLevel = when(given(values.rack.pools), 'privileged', 'baseline');

/** The namespace itself. Helm is given it: a release cannot make its own. */
export class Namespace extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new Manifest(this, 'namespace', 'v1/Namespace', {
      metadata: {
        name: release.namespace,
        labels: merged(
          { ...own, 'pod-security.kubernetes.io/enforce': podSecurityLevel, 'pod-security.kubernetes.io/warn': podSecurityLevel },
          values.commonLabels,
        ),
        annotations: kept,
      },
    });
  }
}

/** What Kubernetes would fill in: server-side apply takes the object around it as one, and who leaves it out is in conflict with who applied before. */
const everything = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} };

const pods = (operations: string[], resource: string) => ({ apiGroups: [''], apiVersions: ['v1'], operations, resources: [resource], scope: 'Namespaced' });

/**
 * The rule that only racks use the host's network in the namespace, and that nobody is privileged.
 *
 * Pod Security has one level per namespace; racks need the host's network and so the level "privileged". What that level
 * lets through is taken back here: for all other pods to what "baseline" allows, for racks to what they need.
 */
export class Admission extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const name = text`${release.namespace}-host-network`;
    const metadata = { name, labels: merged(own, values.commonLabels), annotations };
    new Manifest(this, 'policy', 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy', {
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          ...everything,
          // A pod's other fields that are asked for here never change; an ephemeral container comes by an update of its own.
          resourceRules: [pods(['CREATE'], 'pods'), pods(['UPDATE'], 'pods/ephemeralcontainers')],
        },
        variables: podVariables,
        validations: podRules,
      },
    });
    new Manifest(this, 'policy-binding', 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding', {
      metadata,
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { ...everything, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': release.namespace } } },
      },
    });
  }
}
