/**
 * Speaks OpenAI's streaming chat API, or what the gateway speaks with workers. One client for all
 * requests: answers are read as they arrive by a fixed few threads, so that thousands of open
 * streams cost no thread each.
 */
@NullMarked
package dev.andante.benchmarks.load.client;

import org.jspecify.annotations.NullMarked;
