import { eventBridgeClient, putEvent } from '../../src/aws/events.ts';
import { AnnounceDrainInput } from '../../src/contract/drain-data.ts';
import { reportDrain } from '../../src/core/drain/report.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt and puts it on the event bus. */
export const handler = step(AnnounceDrainInput, async (data, { aws, settings, now }) => {
  const report = reportDrain(data, now());
  const region = data.plan?.input.region;
  if (settings.eventBus !== 'none' && region !== undefined && !report.receipt.dryRun) {
    await putEvent(eventBridgeClient(aws, region), settings.eventBus, {
      detailType: `Sluice drain-instance ${report.receipt.status}`,
      resources: [report.receipt.subject],
      detail: report.receipt,
    });
  }
  return report;
});
