#!/usr/bin/env bun
// oxlint-disable-next-line import/no-unassigned-import -- what it sets has to be set before Elysia is there
import "./http/production.ts";
import { createProgram } from "./cli/program.ts";

await createProgram().parseAsync();
