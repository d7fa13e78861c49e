/*
 * To be imported before Elysia, which asks once: outside production its errors hold the whole body at fault, indented,
 * and of a deeply nested one that is gigabytes. Nobody reads it; `validation.ts` tells what is wrong.
 */
process.env["NODE_ENV"] = "production";
