// For the controls, that a property fails is all that counts: to look for the smallest history that shows it takes minutes.

import fc from 'fast-check'

fc.configureGlobal({ endOnFailure: true })
