/** The table of permissions, held against the calls that were seen. */
import type { Grant } from '../../infrastructure/permissions.ts';

/** IAM actions by function key. */
export type Recorded = Readonly<Record<string, readonly string[]>>;

/** Allowed, and called where no test sees it; each with the reason. */
const UNSEEN: Readonly<Record<string, string>> = {
  'ssm:GetParameter': 'there is no model of SSM: the tests on moto read the parameter',
};

/** @param whole every test has run, so that what was never called is not needed */
export function permissionFaults(
  permissions: Readonly<Record<string, readonly Grant[]>>,
  recorded: Recorded,
  { whole }: { readonly whole: boolean },
): string[] {
  const keys = [...new Set([...Object.keys(permissions), ...Object.keys(recorded)])].toSorted();
  return keys.flatMap((key) => {
    const allowed = (permissions[key] ?? []).flatMap(({ actions }) => actions);
    const called = recorded[key] ?? [];
    const tooFew = called
      .filter((action) => !allowed.includes(action))
      .map((action) => `${key} calls ${action}, and may not`);
    const tooMany = allowed
      .filter((action) => !called.includes(action) && UNSEEN[action] === undefined)
      .map((action) => `${key} may call ${action}, and never did`);
    return whole ? [...tooFew, ...tooMany] : tooFew;
  });
}
