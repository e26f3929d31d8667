// The entry of the package `anteroom`: everything that another app may use.
export { anteroom, type Anteroom, type FunctionsApp } from './anteroom';
export type { ErrorCode, ErrorTone } from './error-facts';
export { AppError, type AppErrorOptions, type OwnError, type ProviderRefusal } from './errors';
export type { GuardOptions, Guards, RoleTokenOptions, ScopeTokenOptions } from './guards';
export type { FrontEndOptions } from './functions/front-end';
export type {
  Answer,
  Caller,
  CallerContext,
  CallerHandler,
  CallerWithToken,
  HandlerSession,
  SignedIn,
  SignedInContext,
  SignedInHandler,
} from './handler';
export type {
  OnSignIn,
  OnSignOut,
  SignInContext,
  SignInDecision,
  SignOutContext,
} from './http/context';
export type { AnteroomOptions } from './options';
export type { GroupRolesOption } from './tokens/graph';
export type { BrandOption } from './pages/brand';
export type { PageTexts } from './texts/language';
export type { MenuPage } from './pages/layout';
export type { SessionData, User } from './sessions/session';
export type { SessionDataChange } from './sessions/session';
export type { Environment } from './settings';
export type { StepUpDemand } from './sign-in/step-up';
export type { ApiOptions, ApiRequest, ProxyMethod, ProxyOptions } from './tokens/apis';
export type { Client } from './tokens/bearer-token';
