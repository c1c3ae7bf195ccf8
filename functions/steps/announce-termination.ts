import { eventBridgeClient, putEvent } from '../../src/aws/events.ts';
import { AnnounceTerminationInput } from '../../src/contract/termination-data.ts';
import { reportTermination } from '../../src/core/termination/report.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt and puts it on the event bus. */
export const handler = step(AnnounceTerminationInput, async (data, { aws, settings, now }) => {
  const report = reportTermination(data, now());
  const region = data.plan?.region;
  if (settings.eventBus !== 'none' && region !== undefined && !report.receipt.dryRun) {
    await putEvent(eventBridgeClient(aws, region), settings.eventBus, {
      detailType: `Sluice delayed-termination ${report.receipt.status}`,
      resources: data.progress?.instances.slice(0, 10).map(({ id }) => id) ?? [],
      detail: report.receipt,
    });
  }
  return report;
});
