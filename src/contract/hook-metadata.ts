import * as z from 'zod/mini';
import { DrainInstanceInput } from './drain-instance.ts';

/**
 * What a hook may say of its drains in its `NotificationMetadata`, when that is a JSON object. Other fields pass unread:
 * the text belongs to whoever wrote the hook.
 */
export const HookMetadata = z.object({
  cluster: DrainInstanceInput.shape.cluster,
  targetGroups: DrainInstanceInput.shape.targetGroups,
  standaloneTasks: z.optional(DrainInstanceInput.shape.standaloneTasks.def.innerType),
  onTimeout: z.optional(DrainInstanceInput.shape.onTimeout.def.innerType),
  timeoutSeconds: DrainInstanceInput.shape.timeoutSeconds,
});
export type HookMetadata = z.output<typeof HookMetadata>;
