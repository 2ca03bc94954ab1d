package dev.andante.engine.fake;

import dev.andante.compute.Backend;
import dev.andante.compute.KvPool;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A backend, and its KV pools, that do some things otherwise. */
public final class AlteredBackend {

  /** Asked before each call of a method. */
  public interface Instead {

    /**
     * @return in place of what the method returns, which is not called then; null = nothing
     */
    @Nullable Object of(String method) throws InterruptedException;
  }

  private AlteredBackend() {}

  /** Backend and pools. */
  public static UnaryOperator<Backend> everywhere(Instead instead) {
    return real -> altered(Backend.class, real, instead, instead);
  }

  /** Its pools only. */
  public static UnaryOperator<Backend> inPools(Instead instead) {
    return real -> altered(Backend.class, real, _ -> null, instead);
  }

  /** A pool by itself. */
  public static KvPool pool(KvPool real, Instead instead) {
    return altered(KvPool.class, real, instead, instead);
  }

  private static <T> T altered(Class<T> type, T real, Instead instead, Instead inPools) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              Object other = instead.of(method.getName());
              if (other != null) {
                return other;
              }
              try {
                Object result = method.invoke(real, arguments);
                return result instanceof KvPool pool ? pool(pool, inPools) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
