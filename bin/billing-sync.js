#!/usr/bin/env node
import('../dist/bundle/cli.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  console.error(`billing-sync: ${error.message.split('\n')[0]}; run npm ci in its folder first`)
  process.exitCode = 1
})
