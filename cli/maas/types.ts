/** Parts of MAAS API 2.0's answers (maasserver/api). */

export interface Version {
  readonly version: string;
  readonly subversion: string;
}

/** maasserver/enum.py: SERVICE_STATUS */
export type ServiceStatus = 'unknown' | 'running' | 'degraded' | 'dead' | 'off';

/** maasserver/api/rackcontrollers.py */
export interface RackController {
  readonly system_id: string;
  readonly hostname: string;
  readonly service_set: readonly { readonly name: string; readonly status: ServiceStatus; readonly status_info: string }[];
}

/** maasserver/api/boot_resources.py */
export interface BootResource {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly architecture: string;
}

/** maasserver/api/boot_resources.py: one of them, with its sets by version. "complete" is about all regions, progress is in per cent. */
export interface BootResourceDetail extends BootResource {
  readonly sets: Readonly<Record<string, { readonly version: string; readonly size: number; readonly complete: boolean; readonly progress?: number }>>;
}

/** maasserver/api/regioncontrollers.py: without service_set. */
export interface RegionController {
  readonly system_id: string;
  readonly hostname: string;
}

/** maasserver/api/fabrics.py */
export interface Fabric {
  readonly name: string;
  readonly vlans: readonly {
    readonly name: string;
    readonly vid: number;
    readonly dhcp_on: boolean;
    readonly primary_rack: string | null;
    readonly secondary_rack: string | null;
  }[];
}

/** maasserver/rpc/views.py: addresses and ports by event loop, which is host:pid=number. */
export type EventLoops = Readonly<Record<string, readonly (readonly [string, number])[]>>;
