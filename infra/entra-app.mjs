#!/usr/bin/env node
import { join } from 'node:path';
import { entraApp } from './entra-app/main.mjs';

process.exitCode = await entraApp(process.argv.slice(2), join(import.meta.dirname, '..'));
