import { isRecord, isString } from '../loopback/control';

/** A refusal that a test orders: a known one by its number, or any other in every detail. */
export interface OrderedRefusal {
  /** `50076` for AADSTS50076, or a code of Azure AD B2C: `AADB2C90118`. */
  readonly code: number | string;
  /** HTTP status of the token endpoint. */
  readonly status?: number;
  readonly error?: string;
  readonly suberror?: string;
  /** `error_codes`, the generic one first. */
  readonly codes?: readonly number[];
  /** A claims request as JSON text; `''` for none at all. */
  readonly claims?: string;
  /** `Retry-After`, seconds or a date. */
  readonly retryAfter?: string;
  readonly text?: string;
}

/** The input that `isOrderedRefusal` accepts. */
export const orderedRefusalInWords =
  'a number of Microsoft Entra ID, a code of Azure AD B2C (AADB2C90118), { code, status?, error?, suberror?, codes?, claims?, retryAfter?, text? }, or null for none';

/** Whether `input` orders a refusal: its code, or an object with the code and what else it is to say. */
export function isOrdered(input: unknown): input is OrderedRefusal['code'] | OrderedRefusal | null {
  return input === null || isCode(input) || isOrderedRefusal(input);
}

/** The refusal that `input` orders. */
export function readOrder(
  input: OrderedRefusal['code'] | OrderedRefusal | null,
): OrderedRefusal | undefined {
  if (input === null) return undefined;
  return typeof input === 'object' ? input : { code: input };
}

function isOrderedRefusal(input: unknown): input is OrderedRefusal {
  if (!isRecord(input) || !isCode(input['code'])) return false;
  return Object.entries(input).every(([name, value]) => {
    switch (name) {
      case 'code':
        return true;
      case 'status':
        return Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599;
      case 'codes':
        return Array.isArray(value) && value.every(Number.isSafeInteger);
      case 'error':
      case 'suberror':
      case 'claims':
      case 'retryAfter':
      case 'text':
        return isString(value);
      default:
        return false;
    }
  });
}

function isCode(input: unknown): input is OrderedRefusal['code'] {
  if (isString(input)) return /^AADB2C\d{5,6}$/.test(input);
  return Number.isSafeInteger(input) && Number(input) >= 10_000;
}
