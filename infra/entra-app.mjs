#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { entraApp } from './entra-app/main.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = await entraApp(process.argv.slice(2), root);
