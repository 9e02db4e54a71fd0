/** How Kubernetes lets things be called, as patterns that mean the same in JavaScript and in Go. */

/** RFC 1123: what a host name is made of. */
export const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
/** RFC 1123: labels with dots between them, up to 253 characters; most objects are called so. */
export const dnsSubdomain = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
