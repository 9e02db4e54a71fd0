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
