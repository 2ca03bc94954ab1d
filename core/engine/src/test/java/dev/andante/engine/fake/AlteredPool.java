package dev.andante.engine.fake;

import dev.andante.compute.Backend;
import dev.andante.compute.KvPool;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A backend whose KV pools do some things otherwise. */
public final class AlteredPool {

  /** Done before the real thing, which follows if that answers null. */
  public interface Instead {
    Object apply();
  }

  private AlteredPool() {}

  /**
   * @param instead by the name of a method of {@link KvPool}
   */
  public static UnaryOperator<Backend> with(Map<String, Instead> instead) {
    return real ->
        proxy(
            Backend.class,
            (_, method, arguments) -> {
              Object result = call(method, real, arguments);
              return result instanceof KvPool pool ? altered(pool, instead) : result;
            });
  }

  private static KvPool altered(KvPool pool, Map<String, Instead> instead) {
    return proxy(
        KvPool.class,
        (_, method, arguments) -> {
          Instead other = instead.get(method.getName());
          Object answer = other == null ? null : other.apply();
          return answer == null ? call(method, pool, arguments) : answer;
        });
  }

  private static Object call(java.lang.reflect.Method method, Object on, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(on, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
