import { eventBridgeClient, putEvent } from '../../src/aws/events.ts';
import { AnnounceCleanUpInput } from '../../src/contract/clean-cloud-map-data.ts';
import { reportCleanUp } from '../../src/core/cloud-map/receipt.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt and puts it on the event bus. */
export const handler = step(AnnounceCleanUpInput, async (data, { aws, settings, now }) => {
  const report = reportCleanUp(data, now());
  const region = data.plan?.region;
  if (settings.eventBus !== 'none' && region !== undefined && !report.receipt.dryRun) {
    await putEvent(eventBridgeClient(aws, region), settings.eventBus, {
      detailType: `Sluice clean-cloud-map ${report.receipt.status}`,
      resources: [report.receipt.subject],
      detail: report.receipt,
    });
  }
  return report;
});
