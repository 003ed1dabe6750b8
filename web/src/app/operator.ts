import { useQuery } from "@tanstack/react-query";
import { meQuery } from "@/api/queries";

/** Whether the reader operates the installation. */
export const useIsOperator = (): boolean => useQuery(meQuery).data?.is_operator === true;
