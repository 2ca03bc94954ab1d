package dev.andante.gateway.api;

import dev.andante.tokenizer.Tokenizer;

/**
 * What all objects of one response have in common.
 *
 * @param created seconds since the epoch
 * @param answers how many choices it has
 */
record ResponseHead(
    String id, long created, String model, Tokenizer tokenizer, int answers, Delivery delivery) {}
