/** The labels by which the program finds what belongs to one member or pool. */

export const memberLabel = 'maas-k8s.io/member';
export const poolLabel = 'maas-k8s.io/pool';
