interface Live {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly ownerReferences?: readonly unknown[] };
}

/** Somebody has applied it as it is. What a controller such as a CronJob has made is that one's affair, and what Helm has made Helm's. */
export const isUnmanaged = ({ metadata }: Live): boolean =>
  (metadata?.ownerReferences ?? []).length === 0 && metadata?.labels?.['app.kubernetes.io/managed-by'] === undefined;
