// All step kinds, for tables that must have a row for each.
import { OUTCOMES } from './outcomes.ts';
import type { StepKind } from './plan.ts';

export const STEP_KINDS = Object.keys(OUTCOMES) as readonly StepKind[];
