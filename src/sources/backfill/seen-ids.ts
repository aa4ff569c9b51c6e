// Ids that a walk has met, by their hashes alone. Guarantees: an id that was added is always found; about 16 bytes per
// id, whatever its length. Two ids of one hash are taken for one: among ten million the odds are 1 in 180, and then one
// object that Stripe no longer lists is overlooked, never one too many found.

/** Slots at first, and how full they may be before there are twice as many. */
const firstSlots = 1_024
const mostLoad = 0.7

/** Remembers ids. */
export class SeenIds {
  /** Hashes; 0 is a free slot. */
  #slots = new Float64Array(firstSlots)
  #size = 0

  add(id: string): void {
    if (this.#size + 1 > this.#slots.length * mostLoad) this.#grow()
    if (place(this.#slots, hashOf(id))) this.#size += 1
  }

  has(id: string): boolean {
    const hash = hashOf(id)
    return this.#slots[slotOf(this.#slots, hash)] === hash
  }

  #grow(): void {
    const slots = new Float64Array(this.#slots.length * 2)
    for (const hash of this.#slots) if (hash !== 0) place(slots, hash)
    this.#slots = slots
  }
}

/** Puts a hash into its slot; answers false where it is there already. */
const place = (slots: Float64Array, hash: number): boolean => {
  const slot = slotOf(slots, hash)
  if (slots[slot] === hash) return false
  slots[slot] = hash
  return true
}

const slotOf = (slots: Float64Array, hash: number): number => {
  let slot = hash % slots.length
  while (slots[slot] !== 0 && slots[slot] !== hash) slot = (slot + 1) % slots.length
  return slot
}

// cyrb53 (https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js): 53 bits are what a number holds.
const hashOf = (id: string): number => {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < id.length; index += 1) {
    const unit = id.charCodeAt(index)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0) || 1
}
