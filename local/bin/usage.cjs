'use strict';

// In JavaScript and beside the program, so that `--help` needs no build.

/** The command that a person types: `npm start --` in the checkout of Anteroom, `npx anteroom-local` elsewhere. */
exports.startCommand =
  process.env.npm_lifecycle_event === 'start' ? 'npm start --' : 'npx anteroom-local';

/** How the command is used. */
exports.startUsage = `Usage: ${exports.startCommand} [options], in the folder with host.json

  --port P          the app's port (Host.LocalHttpPort of local.settings.json, else 7071)
  --data DIR        keep sessions and accounts in DIR over restarts; without it everything is in memory
  --https           serve the app over https with a throwaway certificate
  --shape S         play entra (Microsoft Entra ID), us-government, china, external-id or b2c
  --tenant NAME     let people sign in at common, organizations, consumers or a domain name
  --front-end URL   serve a front end's development server (http://localhost:5173) on the app's origin
  --watch           build and restart the app when a source or a settings file changes
  --build COMMAND   what builds the app (npm run build, where package.json has that script)
  --no-build        build nothing
  --base-path PATH  the basePath that the app gives to anteroom() (auth)
  --no-app          start only what stands beside the app, where local.settings.json looks for it`;
