import type { Settings } from '../contract/settings.ts';
import { Problem } from './problem.ts';

/** @throws Problem `refused` for a region that the configuration does not allow */
export function checkRegion(settings: Settings, region: string): void {
  const { allowedRegions } = settings;
  if (allowedRegions.length === 0 || allowedRegions.includes(region)) return;
  const allowed = allowedRegions.join(', ');
  throw new Problem('refused', `the region ${region} is not allowed here; SLUICE_ALLOWED_REGIONS are ${allowed}`);
}
