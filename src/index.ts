// The entry of the package `anteroom`: everything that another app may use.
export {
  anteroom,
  type Anteroom,
  type AnteroomOptions,
  type Answer,
  type FunctionsApp,
  type GuardOptions,
  type SignedIn,
  type SignedInContext,
  type SignedInHandler,
} from './anteroom';
export type { ErrorCode } from './error-facts';
export { AppError, type AppErrorOptions, type OwnError, type ProviderRefusal } from './errors';
export type { MenuPage } from './pages/layout';
export type { User } from './sessions/session';
export type { Environment } from './settings';
export type { ApiRequest } from './tokens/call-api';
