/** The environment variable with the address of the package, which the parameter files read. */
export const packageVariable = 'PACKAGE_URI';
