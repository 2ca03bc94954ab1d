/**
 * The gateway: OpenAI-style REST in front of the mesh. It has no model and no engine; tokenizer,
 * chat template and limits come from the workers it finds.
 *
 * <pre>api (HTTP, JSON, SSE) → pipeline (steps of one request) → admission, routing → client (gRPC)
 * </pre>
 *
 * <p>Threads: everything is asynchronous (Reactor) and nothing blocks an event loop; tokenizing
 * runs on its own bounded scheduler, discovery on its own thread. No static state: several gateways
 * may live in one JVM.
 */
@NullMarked
package dev.andante.gateway;

import org.jspecify.annotations.NullMarked;
