/** The usage texts of commands with arguments, for their help and for usage errors. */

export const APPS_USAGE =
  'apps create --name NAME --scopes a,b [--owner UNAME] [--organization ORG] | apps list | apps delete KEY | ' +
  'apps rotate KEY | apps revoke ID [--issuer NAME] | apps restore ID [--issuer NAME] | apps revocations | ' +
  'apps named-tokens [KEY] | apps revoke-token JTI [--issuer NAME]';

export const USERS_USAGE =
  'users add NAME [--scopes a,b] [--organization ORG] | users list | users delete NAME';
