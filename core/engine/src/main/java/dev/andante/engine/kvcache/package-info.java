/**
 * Which blocks of the {@link dev.andante.compute.KvPool} are whose, and which hold what others
 * begin with. Storage only: who may run, wait or be preempted is decided in {@code scheduler}. Used
 * by the engine thread alone; what a reservation holds does not change while KV is stored in it.
 */
@NullMarked
package dev.andante.engine.kvcache;

import org.jspecify.annotations.NullMarked;
