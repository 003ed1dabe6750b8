// Signing in and everything that a link from a mail opens.
export { AuthFrame } from "./auth-frame";
export { ChangeEmailPage, MagicLinkPage, VerifyEmailPage } from "./link-pages";
export { CompletePage } from "./complete-page";
export { ForgotPage } from "./forgot-page";
export { LoginPage } from "./login-page";
export { ResetPasswordPage } from "./reset-page";
export { SignUpPage } from "./sign-up-page";
