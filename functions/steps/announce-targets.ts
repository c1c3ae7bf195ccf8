import { eventBridgeClient, putEvent } from '../../src/aws/events.ts';
import { AnnounceTargetsInput } from '../../src/contract/targets-data.ts';
import { reportTargets } from '../../src/core/targets/report.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt and puts it on the event bus. */
export const handler = step(AnnounceTargetsInput, async (data, { aws, settings, now }) => {
  const report = reportTargets(data, now());
  const region = data.plan?.input.region;
  if (settings.eventBus !== 'none' && region !== undefined && !report.receipt.dryRun) {
    await putEvent(eventBridgeClient(aws, region), settings.eventBus, {
      detailType: `Sluice ${report.receipt.workflow} ${report.receipt.status}`,
      resources: data.plan?.input.targets.slice(0, 10).map(({ id }) => id) ?? [],
      detail: report.receipt,
    });
  }
  return report;
});
