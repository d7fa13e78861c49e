#!/usr/bin/env bun
import "./http/production.ts";
import { createProgram } from "./cli/program.ts";

await createProgram().parseAsync();
