/** Whose lifecycle hook it is. Another tool's hook is neither heartbeaten nor completed, whatever else is done. */
export interface HookSettings {
  readonly hookPrefix: string;
  readonly hooks: readonly string[];
}

export function isOurHook(lifecycleHookName: string, settings: HookSettings): boolean {
  return lifecycleHookName.startsWith(settings.hookPrefix) || settings.hooks.includes(lifecycleHookName);
}
