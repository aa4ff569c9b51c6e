// Settings and the config file.

/** @type {readonly import('../guard.mjs').Guard[]} */
export const guards = [
  {
    name: 'config: what outlives the command knows no setting',
    file: 'src/config/config.ts',
    find: 'serverVariables: inheritableVariables(settingVariables),',
    replace: 'serverVariables: inheritableVariables(new Set()),',
    tests: ['test/config/config.test.ts'],
  },
  {
    name: 'embedded: the supervisor knows the variables given and no others',
    file: 'src/store/embedded/start-supervisor.ts',
    find: '      env: variables,\n',
    replace: '',
    tests: ['test/store/embedded/embedded-mongod.test.ts'],
    titled: 'its processes know',
  },
  {
    name: 'config: a mapping into what another one writes is refused',
    file: 'src/config/mapping-conflicts.ts',
    find: 'path === other || path.startsWith(`${other}.`)',
    replace: 'path === other',
    tests: ['test/config/config-file.test.ts'],
  },
  {
    name: 'config: what is no number is not taken for 0 or 1',
    file: 'src/config/settings.ts',
    find: '(isFilled(given) ? Number(given) : given)',
    replace: 'Number(isFilled(given) ? given.trim() : given)',
    tests: ['test/config/config.test.ts'],
  },
  {
    name: 'config: a value of the wrong kind is told in our own words',
    file: 'src/config/config.ts',
    find: ', { error: wordsOfIssue }',
    replace: '',
    tests: ['test/config/config.test.ts'],
  },
  {
    name: 'config: a badly written password is not taken for a host',
    file: 'src/store/server-place.ts',
    find: '(?:[/?][^@]*)?$/',
    replace: '(?:[/?].*)?$/',
    tests: ['test/store/server-place.test.ts'],
  },
  {
    name: 'config: a key that does not tell its mode is not taken for one of test mode',
    file: 'src/core/key-mode.ts',
    find: "mode === undefined ? null : mode === 'live'",
    replace: "mode === 'live'",
    tests: ['test/config/config.test.ts'],
  },
  {
    name: 'config: blanks around a secret are no part of it',
    file: 'src/config/settings.ts',
    find: 'const secretText = z.string().trim()',
    replace: 'const secretText = z.string()',
    tests: ['test/config/settings.test.ts'],
  },
  {
    name: 'config: what no header can carry is refused',
    file: 'src/config/settings.ts',
    find: "secretText.regex(/^[\\x20-\\x7e]*$/, 'expected plain ASCII characters')",
    replace: 'secretText',
    tests: ['test/config/settings.test.ts'],
  },
  {
    name: 'config: a variable that is set to nothing hides none of the .env file',
    file: 'src/config/environment.ts',
    find: ".filter(([, value]) => value !== '')",
    replace: '',
    tests: ['test/config/environment.test.ts'],
  },
  {
    name: 'config: a byte order mark costs no variable',
    file: 'src/config/environment.ts',
    find: "(await readFile(path, 'utf8')).replace(/^\\uFEFF/, '')",
    replace: "await readFile(path, 'utf8')",
    tests: ['test/config/environment.test.ts'],
  },
]
